"""What every stage of the compiler made of a spec, as text: a module a stage, pure functions of what it made."""

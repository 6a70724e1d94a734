"""The everyday dilemmas of the examples: our own, each with two actions, the value each serves, and rewordings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """One dilemma. `rewordings` says the same situation in other words; actions are (text, principle served)."""

    name: str
    situation: str
    rewordings: tuple[str, ...]
    first: tuple[str, str]
    second: tuple[str, str]


CASES = (
    Case(
        "change",
        "Ines gets ten too much back in a small shop. The owner is a friend and says the shop is doing well.",
        (
            "In a small shop that does well, Ines is given ten more in change than she should be. She knows the owner.",
            "Ines notices outside a friend's busy shop that her change is ten too much.",
            "A friend who runs a thriving little shop hands Ines ten too many in change.",
        ),
        ("Go back and return the ten", "honesty"),
        ("Keep it and buy the friend a coffee one day", "loyalty"),
    ),
    Case(
        "review",
        "Tomas is asked for an honest opinion on his sister's first short story. He found it dull, and she is nervous.",
        (
            "His sister, nervous about her first short story, asks Tomas what he really thinks. It bored him.",
            "Tomas was bored by the first story his sister wrote. She anxiously asks for his honest view.",
            "Asked by his anxious sister about her first story, Tomas remembers that he found it dull.",
        ),
        ("Tell her that it was dull and why", "honesty"),
        ("Praise what was good and leave out the rest", "care"),
    ),
    Case(
        "shift",
        "Mara promised to cover a colleague's shift. Her father then asks her to drive him to a check-up at that hour.",
        (
            "At the hour when Mara said she would stand in for a colleague, her father needs a lift to a check-up.",
            "Mara's father has a check-up and no lift, just when she is to work a colleague's shift as promised.",
            "A promise to take over a shift collides with the check-up to which Mara's father wants to be driven.",
        ),
        ("Work the shift as promised", "duty"),
        ("Drive the father and tell the colleague", "care"),
    ),
    Case(
        "grant",
        "A club can send one young player to a camp. The best player's family is rich, the second best cannot pay.",
        (
            "One place at a camp is left. The strongest player could pay for another, the next could not.",
            "A club must choose between its best player, who is well off, and the next best, who is poor.",
            "Of two young players the better one is rich and the other poor, and only one can be sent to the camp.",
        ),
        ("Send the best player", "fairness"),
        ("Send the player who could not pay", "care"),
    ),
    Case(
        "helmet",
        "Adults in a town keep cycling without helmets. The council can make helmets a rule or leave it to each rider.",
        (
            "A council may require cycling helmets, which most adults of the town do not wear, or leave riders alone.",
            "Most adults in a town ride without a helmet. The council could demand helmets or let people decide.",
            "Should cyclists be made to wear helmets? A council has to settle it for a town where few adults do.",
        ),
        ("Leave it to each rider", "freedom"),
        ("Make helmets a rule", "care"),
    ),
    Case(
        "witness",
        "Jonas saw his best friend scratch a parked car and drive off. The owner asks in the street who saw something.",
        (
            "The owner of a scratched car asks around. Jonas knows it was his best friend, who drove away.",
            "Jonas watched his best friend damage a parked car and leave. Now its owner is asking for witnesses.",
            "A parked car was scratched by the best friend of Jonas, and its owner wants to know who saw it.",
        ),
        ("Say who it was", "honesty"),
        ("Say nothing and talk to the friend", "loyalty"),
    ),
    Case(
        "queue",
        "At a clinic a man asks to go before the others because he will miss his bus. Everybody has waited an hour.",
        (
            "Everybody at a clinic has waited an hour when a man who fears to miss his bus asks to be let in first.",
            "A man would miss his bus if he waits like the rest of a clinic's patients. He asks to skip the queue.",
            "After an hour of waiting at a clinic, one patient asks the others to let him go ahead to catch a bus.",
        ),
        ("Keep the order of the queue", "fairness"),
        ("Let him go first", "care"),
    ),
    Case(
        "move",
        "Lena is offered the work she always wanted, far away. Her brothers expect her to stay and run the farm.",
        (
            "Far from home waits the work of Lena's dreams, while her brothers count on her for the family's farm.",
            "Lena's brothers want her on the farm. She has just been offered her dream job in a distant city.",
            "The job that Lena has always hoped for would take her away from the farm her brothers run with her.",
        ),
        ("Take the work far away", "freedom"),
        ("Stay on the farm", "loyalty"),
    ),
    Case(
        "report",
        "A nurse sees a kind colleague skip a required form to have more time for patients. It should be reported.",
        (
            "To spend more time with patients, a well-liked nurse leaves out a form. A colleague must report it.",
            "Rules demand that a skipped form be reported. The nurse who skipped it did so to care for patients.",
            "A nurse who is good to patients does not fill in a form that is required, and another nurse notices.",
        ),
        ("Report the missing form", "duty"),
        ("Let it pass", "loyalty"),
    ),
    Case(
        "tip",
        "Friends share a dinner. One ate far less and has little money, but the custom is to split evenly.",
        (
            "A group always divides the bill evenly. Tonight one of them, who is short of money, ate very little.",
            "One friend with little money took only a soup. The group's custom is that everyone pays the same.",
            "When the bill comes, it is usually split evenly, although one poor friend hardly ate anything.",
        ),
        ("Let everyone pay for what they ate", "fairness"),
        ("Split evenly as always", "duty"),
    ),
)

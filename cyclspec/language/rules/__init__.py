"""The typing rules as data, from which the reference's table and the tests of the rules are made."""

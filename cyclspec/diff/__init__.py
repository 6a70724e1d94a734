"""What two specs say differently, which hashes that moves, and what would be asked again because of it."""

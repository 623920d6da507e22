"""What is held of a person, said once: `holdings` names it table by table, `export` gives it, `forget` empties it."""

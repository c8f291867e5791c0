"""Tables of grades: made, written, kept from getting worse, measured again."""

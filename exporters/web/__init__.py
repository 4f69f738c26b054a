"""The page, its JSON, and the HTTP paths around them. GET changes nothing."""

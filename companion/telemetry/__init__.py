"""How boxes are: whether they are there and what they do just now, their health, their crashes."""

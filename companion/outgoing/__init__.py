"""What is on its way to boxes: numbered rows, written with what they tell of, kept until the box has them."""

"""The words and rules of the product: pydantic models and pure functions, no clock, no input or output."""

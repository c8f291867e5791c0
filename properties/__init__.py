"""What is asked: strategies that draw cases, and laws that judge outcomes."""

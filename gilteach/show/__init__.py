"""What is shown: pictures, and numbers and findings in words."""

"""Teaching: predictions, claims, and two threads taken one step at a time."""

"""Children: processes that this one starts, and how all of each is ended, whatever happens."""

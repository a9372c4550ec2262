"""Starting contenders, loading them, and counting what a request costs them."""

"""One widget a file. Each shows lines made by drawing/ and redraws only the lines that changed."""

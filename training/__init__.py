"""How the data of the package were fitted. Not installed with it: run from the project folder."""

"""P(yes) per frame and question: which frames are asked, and what is kept on the way."""

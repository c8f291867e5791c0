"""Records of known failures, and the pages that tell of them."""

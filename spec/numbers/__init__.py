"""The number systems that the generated oracles run on."""

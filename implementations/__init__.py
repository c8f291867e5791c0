"""Who is asked: the plug-in contract, the registry, and one file for each adapter."""

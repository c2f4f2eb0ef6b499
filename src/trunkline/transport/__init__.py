"""Do: the only modules that open sockets."""

"""SMS over SMPP 3.4: ``pdu`` the octets, ``session`` one bound connection, ``feedback`` what comes back, ``provider`` the whole."""

// A client that ends well and has asked nobody anything.

import Testing

/// The product as its users meet it: programs, files, and connections through the kernel. They share one lab, so one at a time.
@Suite(.serialized) enum RealTraffic {}

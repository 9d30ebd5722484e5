import boxed.lid

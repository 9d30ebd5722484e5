import plainhatch.a

import flitpkg

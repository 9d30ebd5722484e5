import hatched.egg, hatched.extra

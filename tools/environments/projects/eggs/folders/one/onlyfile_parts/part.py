import onlyfile.part

import hooked.made_up, hooked.user

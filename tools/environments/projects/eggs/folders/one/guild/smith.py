import guild.baker, guild.smith, guild.loose, guild.listed, guild.none

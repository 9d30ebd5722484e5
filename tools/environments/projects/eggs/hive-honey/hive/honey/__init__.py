import hive.bees.queen, hive.honey.jar

import hive.honey.jar, hive.bees.queen

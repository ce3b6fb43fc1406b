"""Events in: seen before? readable? then facts about one person, in one transaction."""

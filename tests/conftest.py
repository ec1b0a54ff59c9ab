"""What holds for all tests: property tests are never judged by the time that they take."""

from hypothesis import HealthCheck, settings

settings.register_profile("guildway", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("guildway")

# fast_path.py
"""
Fast Path: Minimum imports for cold start optimization.

ONLY modules meeting criteria:
- Import time <10ms, OR
- Used on >80% of requests (hot path exception)

Last profiled: 2025-11-08
Cold start target: <2 seconds
"""

# Tier 1: Lightweight (<10ms)
import json           # 0.8ms
import time           # 0.4ms
import logging        # 4.2ms

# Tier 2: Hot path exceptions (>10ms but >80% usage)
import gateway        # 15ms, every request
import cache_core     # 35ms, every request

# Export all for easy import
__all__ = [
    'json', 'time', 'logging',
    'gateway', 'cache_core'
]

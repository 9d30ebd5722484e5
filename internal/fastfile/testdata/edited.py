#!/usr/bin/env python3
# ours
# isort: skip_file
"""
Fast Path: Minimum imports for cold start optimization.

ONLY modules meeting criteria:
- Import time <5ms, OR
- Used on >75% of requests (hot path exception)

Last profiled: 2026-11-22 (CPython 3.12.3, min of 10, byte-code cached)
Cold start target: <1.5 seconds
Total: 192ms of 200ms, 6 of 20 imports

Ask the platform team before you change this file.

  Indented prose stays.
"""

from __future__ import annotations

# First of all.

# Tier 1: Lightweight (<5ms)
import json  # 0.8ms

# Needed by the gateway.
# approved: Ann Lee, 2026-10-02
import logging  # 4.2ms
from xml.etree import ElementTree as ET  # 3.1ms, kept for SOAP

# 2026-10-01: pandas removed, 5% usage
# 2026-11-01: numpy removed, 12% usage

# Tier 2: Hot path exceptions (>5ms but >75% usage)
import gateway  # 15ms, every request
import boto3  # 172ms but 90% usage - HOT PATH EXCEPTION (adds 12ms after gateway)
import requests  # 180ms but 40% usage - HOT PATH EXCEPTION (4.0x cheaper at module level)
from skill.directives.rendering.templates.bodies.long_name import (  # 15ms but 93% usage
    RenderTemplateDirective,
    # the other one
)

# Kept: cold, but loaded at start
# yaml 19ms, 1% usage: base class at conf.py:18
# lxml not measured: decorator at soap.py:3

# Ask before adding here.

# Export all for easy import
__all__ = [
    "ET",
    "RenderTemplateDirective",
    "boto3",
    "gateway",
    "json",
    "logging",
    "requests",
]

# The end.

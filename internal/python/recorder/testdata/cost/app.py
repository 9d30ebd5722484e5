"""A request of about a millisecond, as many are: names of imports in most functions."""

import base64
import collections
import datetime
import hashlib
import json
import re
import textwrap
from decimal import Decimal
from fractions import Fraction

WORD = re.compile(r"[a-z]+")


class Order:
    def __init__(self, number, items):
        self.number, self.items = number, items

    def total(self):
        return sum((Decimal(price) * count for _, price, count in self.items), Decimal(0))

    def label(self):
        return "%s-%05d" % (base64.b32encode(str(self.number).encode()).decode().strip("="), self.number)


def orders(count):
    return [Order(n, [("item %d" % k, "%d.%02d" % (k, n % 100), k % 3 + 1) for k in range(4)]) for n in range(count)]


def summary(found):
    by_day = collections.defaultdict(Decimal)
    day = datetime.date(2026, 3, 1)
    for order in found:
        by_day[(day + datetime.timedelta(days=order.number % 7)).isoformat()] += order.total()
    return {key: str(value) for key, value in sorted(by_day.items())}


def words(text):
    counted = collections.Counter()
    for line in textwrap.wrap(text, 40):
        for word in WORD.findall(line.lower()):
            counted[word] += 1
    return counted.most_common(5)


def handler(event, context):
    found = orders(90)
    body = {"days": summary(found), "labels": [order.label() for order in found], "words": words(event["text"])}
    body["share"] = str(Fraction(len(body["days"]), len(found)))
    text = json.dumps(body, sort_keys=True)
    checked = json.loads(text)
    return {"statusCode": 200, "body": text, "etag": hashlib.sha256(text.encode()).hexdigest(), "n": len(checked)}

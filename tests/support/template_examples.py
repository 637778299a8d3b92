# SPDX-License-Identifier: Apache-2.0
"""Templates of a service and of campaigns, as an operator writes them."""

ORDER_HTML = (
    "<h1>Thank you</h1>"
    "<p>Order {{ order.number }}: {% for item in order['items'] %}{{ item }}, {% endfor %}</p>"
    '<p><a href="https://shop.example.org/orders">See it</a></p>'
)
ENGLISH = {
    "subject": "Your order {{ order.number }}",
    "html": ORDER_HTML,
    "reason": "You get this because you ordered from us.",
}
SWEDISH = {
    "subject": "Din beställning {{ order.number }}",
    "html": "<h1>Tack</h1><p>Beställning {{ order.number }}</p>",
    "text": "Tack för beställning {{ order.number }}",
    "reason": "Du får det här för att du har handlat hos oss.",
}
SERVICE_TEMPLATE = {
    "id": "order",
    "brand": "demo",
    "name": "Order confirmation",
    "kind": "service",
    "words": {"en": ENGLISH, "sv": SWEDISH},
}
CAMPAIGN_TEMPLATE = {
    "id": "news",
    "brand": "demo",
    "name": "News",
    "kind": "html",
    "subject": "News for {{ first_name | default('you') }}",
    "html": "<h1>News</h1><p>Hello {{ first_name | default('you') }}</p>",
}
ORDER_DATA = {"order": {"number": "canary-4711", "items": ["cups & saucers", "tea"]}}
MESSAGE = {"email": "visitor@example.org", "template": "order", "data": ORDER_DATA}

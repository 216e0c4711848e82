"""What handlers find in the application."""

from aiohttp import web

from signaling.config import SignalingConfig
from signaling.records import Records

RECORDS: web.AppKey[Records] = web.AppKey("records", Records)
CONFIG: web.AppKey[SignalingConfig] = web.AppKey("config", SignalingConfig)

"""Amounts: whole micro-units of a currency, read from what people write, never by way of a float."""

import re
from decimal import Decimal

from companion.errors import Invalid

MICRO = 1_000_000
MOST = 100_000_000 * MICRO  # of one entry
_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
    HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD
    RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX
    USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())
_AMOUNT = re.compile(r"([+-]?)([0-9]{1,12})(?:\.([0-9]{1,6}))?")


def micros(text: str) -> int:
    """An amount as people write it (`12`, `-3.50`) in micro-units. Invalid for anything else, such as `1,000.00`."""
    found = _AMOUNT.fullmatch(text.strip())
    if not found:
        raise Invalid(f'"{text.strip()[:30]}" is no amount; write it like 1250.00, with a point and at most 6 decimals')
    sign, whole, part = found.groups()
    value = int(whole) * MICRO + int((part or "").ljust(6, "0"))
    return -value if sign == "-" else value


def check(amount: int, currency: str) -> None:
    """Invalid for nothing, for too much, and for a currency that there is none of."""
    if amount == 0 or abs(amount) > MOST:
        raise Invalid(f"an amount is not 0 and at most {MOST // MICRO:,}")
    if currency not in CURRENCIES:
        raise Invalid(f"{currency[:10]} is no currency; write its three letters, as in EUR")


def shown(amount: int) -> str:
    """Micro-units as a decimal number, with at least two decimals."""
    whole = Decimal(amount).scaleb(-6)
    text = f"{whole:.6f}".rstrip("0")
    return text + "0" * max(0, 2 - len(text.rpartition(".")[2]))

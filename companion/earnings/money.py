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
_PLAIN = re.compile(r"([0-9]{1,12})(?:([.,])([0-9]{1,6}))?")
# thousands by one mark, decimals by another
_GROUPED = re.compile(
    r"([1-9][0-9]{0,2}(?:([.,' ’\u00a0\u202f])[0-9]{3})(?:\2[0-9]{3}){0,3})(?:(?!\2)([.,])([0-9]{1,6}))?"
)
_TWO_WAYS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")


def micros(text: str, point: bool = True) -> int:
    """An amount as people write it (`12`, `-3.50`, `450,50`, `1,234.56`, `1.234,56`) in micro-units.

    A point alone begins decimals, as in 1.234; where that is not said (`point`), it may be thousands, too. Invalid for
    what can be read in two ways, such as `1,234`, and for what is no amount.
    """
    said = text.strip()
    sign, bare = (said[0], said[1:]) if said[:1] in ("+", "-", "−") else ("", said)
    if _TWO_WAYS.fullmatch(bare) and not (point and "." in bare):
        whole = bare.replace(",", "").replace(".", "")
        raise Invalid(f'"{said}" can be read in two ways; write {whole}.00 or {bare.replace(",", ".")}0')
    plain, grouped = _PLAIN.fullmatch(bare), _GROUPED.fullmatch(bare)
    if plain:
        whole, _, part = plain.groups()
    elif grouped:
        whole, mark, _, part = grouped.groups()
        whole = whole.replace(mark, "")
    else:
        raise Invalid(f'"{said[:30]}" is no amount; write it like 1250.00, with at most 6 decimals')
    value = int(whole) * MICRO + int((part or "").ljust(6, "0"))
    return -value if sign in ("-", "−") else value


def by_comma(text: str) -> bool:
    """Whether an amount can only be read with a comma before its decimals, as `450,50` or `1.234,56`."""
    said = text.strip().lstrip("+-−")
    plain, grouped = _PLAIN.fullmatch(said), _GROUPED.fullmatch(said)
    if plain:
        return plain[2] == "," and not _TWO_WAYS.fullmatch(said)
    return grouped is not None and (grouped[3] == "," or grouped[2] == ".")


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

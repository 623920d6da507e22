"""Zones of provinces, where a country has several: the zone most people of the province live in.

Source: the tz database's zone.tab and the regions' own boundaries. A province split between zones takes the
majority's (Kentucky and Florida are Eastern, Tennessee, Texas, the Dakotas Central, Oregon Pacific, Idaho
Mountain). Codes are ISO 3166-2 without the country; for Mexico also those Shopify writes (`CHIH`, `Q ROO`).
"""

from __future__ import annotations

from collections.abc import Mapping

#: countries with several zones in zone.tab, of which one holds nearly everybody, or all tell the same time
MAJORITY: Mapping[str, str] = {
    "AR": "America/Argentina/Buenos_Aires",  # all provinces tell the same time
    "BR": "America/Sao_Paulo",  # nine in ten live at UTC−3
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",  # Beijing time is the law everywhere
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",  # Büsingen tells the same time
    "EC": "America/Guayaquil",  # but the Galápagos
    "ES": "Europe/Madrid",  # but the Canaries, below
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",  # four in five live on Sumatra and Java
    "KZ": "Asia/Almaty",  # one zone since 2024
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",  # Kuching tells the same time
    "NZ": "Pacific/Auckland",  # but the Chathams
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PS": "Asia/Gaza",
    "PT": "Europe/Lisbon",  # but the Azores, below
    "UA": "Europe/Kyiv",
    "UZ": "Asia/Tashkent",
}


def _table(rows: Mapping[str, str]) -> Mapping[str, str]:
    return {code: zone for zone, codes in rows.items() for code in codes.split()}


PROVINCES: Mapping[str, Mapping[str, str]] = {
    "US": _table(
        {
            "America/New_York": "CT DC DE FL GA KY MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
            "America/Detroit": "MI",
            "America/Indiana/Indianapolis": "IN",
            "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
            "America/Denver": "CO MT NM UT WY",
            "America/Boise": "ID",
            "America/Phoenix": "AZ",
            "America/Los_Angeles": "CA NV OR WA",
            "America/Anchorage": "AK",
            "Pacific/Honolulu": "HI",
            "America/Puerto_Rico": "PR",
            "America/St_Thomas": "VI",
            "Pacific/Guam": "GU",
            "Pacific/Saipan": "MP",
            "Pacific/Pago_Pago": "AS",
        }
    ),
    "CA": _table(
        {
            "America/St_Johns": "NL",
            "America/Halifax": "NS PE",
            "America/Moncton": "NB",
            "America/Toronto": "ON QC",
            "America/Winnipeg": "MB",
            "America/Regina": "SK",
            "America/Edmonton": "AB NT",
            "America/Vancouver": "BC",
            "America/Whitehorse": "YT",
            "America/Iqaluit": "NU",
        }
    ),
    "AU": _table(
        {
            "Australia/Sydney": "NSW ACT",
            "Australia/Melbourne": "VIC",
            "Australia/Brisbane": "QLD",
            "Australia/Adelaide": "SA",
            "Australia/Perth": "WA",
            "Australia/Hobart": "TAS",
            "Australia/Darwin": "NT",
        }
    ),
    "BR": _table(
        {
            "America/Sao_Paulo": "DF ES GO MG PR RJ RS SC SP",
            "America/Rio_Branco": "AC",
            "America/Manaus": "AM",
            "America/Porto_Velho": "RO",
            "America/Boa_Vista": "RR",
            "America/Cuiaba": "MT",
            "America/Campo_Grande": "MS",
            "America/Belem": "AP PA",
            "America/Araguaina": "TO",
            "America/Fortaleza": "CE MA PB PI RN",
            "America/Recife": "PE",
            "America/Maceio": "AL SE",
            "America/Bahia": "BA",
        }
    ),
    "MX": _table(
        {
            "America/Tijuana": "BC BCN",
            "America/Mazatlan": "BCS NAY SIN",
            "America/Hermosillo": "SON",
            "America/Chihuahua": "CHIH CHH",
            "America/Cancun": "QROO ROO",
        }
    ),
    "RU": _table(
        {
            "Europe/Kaliningrad": "KGD",
            "Europe/Moscow": "AD ARK BEL BRY CE CU DA IN IVA KB KC KDA KL KLU KO KOS KR KRS LEN LIP ME MO MOS"
            " MOW MUR NEN NGR NIZ ORL PNZ PSK ROS RYA SE SMO SPE STA TA TAM TUL TVE VLA VLG VOR YAR",
            "Europe/Kirov": "KIR",
            "Europe/Volgograd": "VGG",
            "Europe/Samara": "SAM UD",
            "Europe/Astrakhan": "AST",
            "Europe/Saratov": "SAR",
            "Europe/Ulyanovsk": "ULY",
            "Asia/Yekaterinburg": "BA CHE KGN KHM ORE PER SVE TYU YAN",
            "Asia/Omsk": "OMS",
            "Asia/Novosibirsk": "NVS",
            "Asia/Barnaul": "AL ALT",
            "Asia/Novokuznetsk": "KEM",
            "Asia/Tomsk": "TOM",
            "Asia/Krasnoyarsk": "KK KYA TY",
            "Asia/Irkutsk": "BU IRK",
            "Asia/Chita": "ZAB",
            "Asia/Yakutsk": "AMU SA",
            "Asia/Vladivostok": "KHA PRI YEV",
            "Asia/Magadan": "MAG",
            "Asia/Sakhalin": "SAK",
            "Asia/Kamchatka": "KAM",
            "Asia/Anadyr": "CHU",
        }
    ),
    "ES": _table({"Atlantic/Canary": "GC TF CN", "Africa/Ceuta": "CE ML"}),
    "PT": _table({"Atlantic/Azores": "20", "Atlantic/Madeira": "30"}),
}

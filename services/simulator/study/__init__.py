"""The people of the study « Les demandeurs d'emploi face au numérique » (Unédic / Amnyos, 2019), as a scenario."""

from pathlib import Path

#: thirteen people, a fortnight
FILE = Path(__file__).with_name("study.yaml")

"""AUC of scikit-learn's MLPClassifier on the public events of configs/public: the same events, splits and shape.

    python -m venv venv && venv/bin/pip install scikit-learn==1.9.1 pandas==3.1.1
    venv/bin/python mlp.py atlas atlas-higgs-challenge-2014-v2.first22889.csv.gz
    venv/bin/python mlp.py uci uci_higgs_h2o_train_10k.csv

Features are standardised by the training split, missing ones become the mean. Trained on that split, with the library's defaults and with its early
stopping (on a tenth of the training events); five seeds each.
"""

import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier

warnings.filterwarnings("ignore")
name, path = sys.argv[1:]
if name == "atlas":
    table = pd.read_csv(path)
    labels = (table["Label"] == "s").to_numpy().astype(int)
    features = table[[c for c in table.columns if c.startswith(("DER_", "PRI_"))]].to_numpy("float64")
    features[features == -999] = np.nan
    validation, test = 2000, 6000
else:
    table = pd.read_csv(path, header=None).to_numpy("float64")
    labels, features = table[:, 0].astype(int), table[:, 1:]
    validation, test = 1000, 2500

train = len(labels) - validation - test
mean, deviation = np.nanmean(features[:train], 0), np.nanstd(features[:train], 0)
features = np.where(np.isnan(features), 0, (features - mean) / deviation)
for early_stopping in (False, True):
    areas = []
    for seed in range(1, 6):
        network = MLPClassifier((100, 100, 100), random_state=seed, early_stopping=early_stopping)
        network.fit(features[:train], labels[:train])
        areas.append(roc_auc_score(labels[-test:], network.predict_proba(features[-test:])[:, 1]))
    kind = "early stopping" if early_stopping else "defaults"
    print(f"{name}, {kind}: {np.mean(areas):.4f} ({np.std(areas, ddof=1):.4f})", [round(a, 4) for a in areas])

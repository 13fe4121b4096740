"""How models are judged: backtests, figures, gates, fairness, the model card."""

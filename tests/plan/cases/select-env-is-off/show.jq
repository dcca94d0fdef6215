{bottles: (.bottle // {} | .bottles), agent: (.bottle // {} | .agent)}

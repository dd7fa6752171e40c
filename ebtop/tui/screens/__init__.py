"""Screens: which widgets stand where, and what a snapshot changes in each."""

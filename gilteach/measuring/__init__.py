"""Measuring: runs of tasks, sweeps over many of them, and messages. (`gilteach.measure` is a function.)"""

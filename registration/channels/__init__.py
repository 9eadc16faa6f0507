"""In which forms does this floor give something out?"""

"""What a language model may call: the skills, functions of installed packages, and the tools of MCP servers.

They run here, in the responder's process, and never unchecked: arguments are held against the tool's JSON schema, a
call has a time limit, and what may change something outside is asked about first (responders/with_tools.py).
"""

# JupyterLab with the lessons, for a course's hub, for Binder, or alone; without instructor/, where the answers are:
#   docker build -t minigpt . && docker run --rm -p 8888:8888 minigpt
FROM python:3.11-slim

# A hub's kernels run as this user; Binder asks for its name and number.
ARG NB_USER=student
ARG NB_UID=1000
ENV USER=${NB_USER} HOME=/home/${NB_USER}
RUN useradd --create-home --uid ${NB_UID} --shell /bin/bash ${NB_USER}

WORKDIR ${HOME}/minigpt
RUN chown ${NB_USER} ${HOME}/minigpt
USER ${NB_USER}

# The packages first: they change seldom. Of minigpt only what pip reads stands here as yet. pip's default torch brings
# several GB for GPUs; --build-arg PIP_EXTRA_INDEX_URL=... names PyTorch's CPU builds.
ARG PIP_EXTRA_INDEX_URL=
RUN python -m venv ${HOME}/venv
ENV PATH=${HOME}/venv/bin:${PATH}
COPY --chown=${NB_UID} pyproject.toml constraints.txt README.md LICENSE ./
COPY --chown=${NB_UID} minigpt/__init__.py minigpt/__init__.py
RUN pip install --no-cache-dir -c constraints.txt -e ".[notebooks]" "jupyterhub>=5.0" "notebook>=7.2"

COPY --chown=${NB_UID} . .
EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser", "chapters"]

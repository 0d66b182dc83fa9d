// A JupyterLab extension written by hand, as the loader wants it: hands the application to the stage.
window._JUPYTERLAB = window._JUPYTERLAB || {};
window._JUPYTERLAB["stage-bridge"] = {
  init: async () => {},
  get: async () => () => ({
    __esModule: true,
    default: {
      id: "stage-bridge:plugin",
      autoStart: true,
      activate: (app) => {
        window.jupyterapp = app; // the name that JupyterLab itself gives it where it shows it
      },
    },
  }),
};

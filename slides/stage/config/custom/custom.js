// Classic RISE: start the slideshow and bind the keys of the stage.
// RISE's own autolaunch runs before the notebook has loaded about every other time.
define(['base/js/namespace', 'base/js/promises'], (Jupyter, promises) => {
  const INTERRUPT = 'jupyter-notebook:interrupt-kernel';
  const RESTART = 'jupyter-notebook:confirm-restart-kernel';
  const RUN = 'jupyter-notebook:run-cell'; // and stay: RISE's own moves on to a visible next cell

  promises.notebook_loaded.then(() => {
    const notebook = Jupyter.notebook;
    const keyboard = notebook.keyboard_manager;
    notebook.set_autosave_interval(0);

    const start = () => {
      if (!keyboard.actions.exists('RISE:slideshow')) { // RISE registers it when its settings have come
        setTimeout(start, 50);
        return;
      }
      keyboard.actions.call('RISE:slideshow');
      for (const mode of [keyboard.command_shortcuts, keyboard.edit_shortcuts]) {
        mode.set_shortcut('shift-enter', RUN);
        mode.set_shortcut('f9', INTERRUPT);
        mode.set_shortcut('f10', RESTART);
      }
    };
    start();
  });
});

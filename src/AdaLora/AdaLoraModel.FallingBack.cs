using AdaLora.Adapters;
using AdaLora.Safetensors;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>Hooks that never run, because the model calls the forward methods of its layers: found at the first step.</content>
public sealed partial class AdaLoraModel
{
    private const string FallenBack = "fallen_back";

    /// <summary>
    /// At the first step, lets the weights of layers hold the products whose hooks have not run although the weights have a gradient, unless the options asked for hooks. That gradient is then used.
    /// </summary>
    private void FallBack()
    {
        if (_binder.HasGathered)
            return;
        var changed = _injection.Watching.Where(hook => hook.WasPassedBy).ToList();
        changed.ForEach(_injection.Materialise);
        if (changed.Count > 0)
            LogFallenBack(_logger, string.Join(", ", changed.Select(hook => hook.Site.Path)));
    }

    /// <summary>The weights of hooked layers that have not run yet, so that they would get a gradient, by name.</summary>
    internal IEnumerable<(string Name, Tensor Value)> WatchedWeights => _injection.Watching.Select(hook => (hook.Weight.FullName, hook.Weight.Value));

    private bool IsMaterialisedAtStart(SvdAdapter adapter) => Sites.First(s => s.Path == adapter.Slot.Name) is { IsMaterialized: true, Way.HasFallenBack: false };

    private void SaveFallenBack(StateTable state)
    {
        var names = string.Join('\n', Sites.Where(s => s.Way.HasFallenBack).Select(s => s.Path));
        if (names.Length > 0)
            state.Put(FallenBack, names);
    }

    /// <summary>A training that resumes has no first step at which it could be found again.</summary>
    private void ResumeFallenBack(StateTable state)
    {
        if (!state.Contains(FallenBack))
            return;
        var names = state.Text(FallenBack).Split('\n');
        foreach (var hook in _injection.Watching.Where(hook => names.Contains(hook.Site.Path)).ToList())
            _injection.Materialise(hook);
    }

    [LoggerMessage(EventId = 19, Level = LogLevel.Warning, Message =
        "The model runs {Modules} past their hooks, by their forward methods; their weights hold the adapters' products from now on, which costs a copy and a gradient of each")]
    private static partial void LogFallenBack(ILogger logger, string modules);
}

using AdaLora.Injection;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora;

/// <summary>
/// Several named adapters on one model, of which at most one is selected. The others play no part: selecting exchanges layers, so that a model with many adapters runs as fast as
/// one with a single adapter. Biases and modules that an adapter trained in full have that adapter's values while it is selected, and the base model's otherwise. Names are used only here: they
/// are unrelated to module names and may equal one. Not thread-safe.
/// </summary>
public sealed class AdapterSet : IDisposable
{
    private readonly List<(string Name, AdaLoraModel Adapter)> _adapters = [];
    private readonly ILogger _logger;

    /// <summary>Creates a set without adapters.</summary>
    /// <param name="model">The base model, on the device it will run on. The caller keeps owning it.</param>
    /// <param name="logger">As in <see cref="AdaLoraModel.Attach"/>.</param>
    public AdapterSet(nn.Module model, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        Model = model;
        _logger = logger ?? NullLogger.Instance;
    }

    /// <summary>The model, with the selected adapter in it.</summary>
    public nn.Module Model { get; }

    /// <summary>The names of all adapters, in the order they were added.</summary>
    public IReadOnlyList<string> Names => [.. _adapters.Select(a => a.Name)];

    /// <summary>The name of the selected adapter; null when the model runs without any.</summary>
    public string? Selected { get; private set; }

    /// <summary>The adapter with the given name. Only the selected one can be trained, merged or saved.</summary>
    /// <exception cref="KeyNotFoundException">There is no such adapter.</exception>
    public AdaLoraModel this[string name] => Find(name) ?? throw NoSuch(name);

    /// <summary>Adds a new adapter and selects it.</summary>
    /// <param name="name">Any text not already used as a name in the set.</param>
    /// <param name="options">How to adapt the model.</param>
    /// <exception cref="ArgumentException">The name is taken or empty, or the options are not valid. Nothing was changed.</exception>
    /// <exception cref="InjectionException">Targeted layers cannot be replaced, or there are none. Nothing was changed.</exception>
    /// <exception cref="InvalidOperationException">The selected adapter is merged or in the middle of a step. Nothing was changed.</exception>
    public AdaLoraModel Add(string name, AdaLoraOptions options) => Add(name, () =>
    {
        var adapted = AdaLoraModel.Attach(Model, options, _logger);
        adapted.RememberOriginals();
        return adapted;
    });

    /// <summary>Adds a saved adapter and selects it.</summary>
    /// <param name="name">Any text not already used as a name in the set.</param>
    /// <param name="folder">As in <see cref="AdaLoraModel.Load"/>.</param>
    /// <param name="attachment">As in <see cref="AdaLoraModel.Load"/>.</param>
    /// <exception cref="ArgumentException">The name is taken or empty. Nothing was changed.</exception>
    /// <exception cref="InvalidDataException">The folder holds no such adapter, or one that does not fit the model; all mismatches are listed. Nothing was changed.</exception>
    /// <exception cref="SafetensorsException">The weights file violates the format.</exception>
    /// <exception cref="InvalidOperationException">The selected adapter is merged or in the middle of a step. Nothing was changed.</exception>
    public AdaLoraModel Load(string name, string folder, AttachmentMethod attachment = AttachmentMethod.Automatic) =>
        Add(name, () => AdaLoraModel.LoadInto(Model, folder, _logger, adapted => adapted.RememberOriginals(), attachment));

    /// <summary>Selects an adapter, or none for null.</summary>
    /// <returns>The adapter.</returns>
    /// <exception cref="KeyNotFoundException">There is no adapter with that name. Nothing was changed.</exception>
    /// <exception cref="InvalidOperationException">The selected adapter is merged or in the middle of a step. Nothing was changed.</exception>
    public AdaLoraModel? Select(string? name)
    {
        var adapter = name is null ? null : this[name];
        if (name == Selected)
            return adapter;
        Deselect();
        adapter?.Reselect();
        Selected = name;
        return adapter;
    }

    /// <summary>Runs the model without adapters until the returned scope is disposed, which restores the previous selection.</summary>
    /// <exception cref="InvalidOperationException">The selected adapter is merged or in the middle of a step.</exception>
    public IDisposable Disable()
    {
        var before = Selected;
        Select(null);
        return new Reselection(this, before);
    }

    /// <summary>Frees an adapter, even if it was detached or disposed by hand. If it was selected, the model is the base model afterwards.</summary>
    /// <exception cref="KeyNotFoundException">There is no adapter with that name.</exception>
    /// <exception cref="InvalidOperationException">It is selected, and merged or in the middle of a step.</exception>
    public void Delete(string name)
    {
        var adapter = Entry(name) ?? throw NoSuch(name);
        if (adapter.IsUsable && name == Selected)
            Select(null);
        Remove(name, adapter);
    }

    /// <summary>
    /// Frees all adapters; the model is the base model afterwards. Merged adapters are first removed from its weights. Adapters detached or disposed by hand, or a disposed model, do no harm.
    /// </summary>
    public void Dispose()
    {
        foreach (var (name, adapter) in _adapters.ToList())
            Remove(name, adapter);
    }

    private void Remove(string name, AdaLoraModel adapter)
    {
        _adapters.RemoveAll(a => a.Name == name);
        if (name == Selected)
            Selected = null;
        adapter.Release();
    }

    private AdaLoraModel Add(string name, Func<AdaLoraModel> make)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (Find(name) is not null)
            throw new ArgumentException($"An adapter named '{name}' already exists. Delete it first, or choose another name.", nameof(name));
        var before = Selected;
        Select(null);
        try
        {
            _adapters.Add((name, make()));
        }
        catch
        {
            Select(before);
            throw;
        }

        Selected = name;
        return this[name];
    }

    private AdaLoraModel? Find(string name) => Entry(name) is not { } adapter ? null
        : adapter.IsUsable ? adapter
        : throw new InvalidOperationException($"The adapter '{name}' was detached or disposed by hand and cannot be used any more. Remove it with {nameof(AdapterSet)}.{nameof(Delete)}(\"{name}\").");

    private AdaLoraModel? Entry(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _adapters.Find(a => a.Name == name).Adapter;
    }

    private KeyNotFoundException NoSuch(string name) => new($"There is no adapter '{name}'. Available adapters: {(_adapters.Count == 0 ? "none" : string.Join(", ", Names))}.");

    private void Deselect()
    {
        if (Selected is not { } name)
            return;
        this[name].Deselect();
        Selected = null;
    }

    private sealed class Reselection(AdapterSet set, string? name) : IDisposable
    {
        public void Dispose()
        {
            // It may have been deleted in the meantime, or detached by hand.
            if (name is not null && set.Entry(name) is { IsUsable: true })
                set.Select(name);
        }
    }
}

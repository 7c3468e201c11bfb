using AdaLora.Adapters;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Finds the layers of a model that get adapters, and puts the adapters in place.</summary>
internal static class AdapterInjector
{
    /// <summary>Finds the targeted layers. Nothing is changed.</summary>
    /// <param name="model">Any TorchSharp model.</param>
    /// <param name="targets">Which layers.</param>
    /// <returns>The layers that can be replaced, those that cannot, and what was skipped.</returns>
    /// <remarks>
    /// Only linear layers are searched for. A layer that is registered or held more than once is one site; it is selected if any of its names is. Modules inside a selected layer are not
    /// examined. See <see cref="InjectionPlan"/> for what counts as an error.
    /// </remarks>
    /// <exception cref="InjectionException">
    /// The targets select no layer at all; the message names the existing linear layers and those closest to what was requested.
    /// </exception>
    /// <exception cref="System.Text.RegularExpressions.RegexMatchTimeoutException">A target's regular expression took more than a second.</exception>
    public static InjectionPlan Find(nn.Module model, TargetModules targets)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(targets);
        var plan = new SiteFinder(model, targets, AdapterKinds.DescribeLinear, WayFinder.Replacing(model)).Find();
        return plan.Nothing is { } nothing ? throw new InjectionException(nothing) : plan;
    }

    /// <summary>Puts an adapter at every site, in the site's way: all of them, or none if anything fails.</summary>
    /// <param name="model">The model the sites were found in.</param>
    /// <param name="sites">The sites; see <see cref="InjectionPlan.GetSitesOrThrow"/>.</param>
    /// <param name="create">
    /// Creates the adapter around <see cref="InjectionSite.Layer"/>: a new module per site, which registers its components and holds the layer in a field or
    /// as a registered child. All are created before the first is put in place. It takes on the layer's training mode.
    /// </param>
    /// <returns>The means to undo it.</returns>
    /// <exception cref="ArgumentException">There are no sites, one occurs twice, or one belongs to another model.</exception>
    /// <exception cref="InvalidOperationException">The model has changed since the sites were found.</exception>
    /// <exception cref="InjectionException">
    /// <paramref name="create"/> failed or did not return a new module, or the model does not return an adapter that was put into it. The model is as before, and
    /// the adapters made so far are disposed.
    /// </exception>
    public static InjectedLayers Inject(nn.Module model, IReadOnlyList<InjectionSite> sites, Func<InjectionSite, nn.Module<Tensor, Tensor>> create)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sites);
        ArgumentNullException.ThrowIfNull(create);
        CheckSites(model, sites);
        var placements = new List<Placement>();
        try
        {
            foreach (var site in sites)
                placements.Add(Placement.Create(site, create, placements));

            placements.ForEach(placement => placement.Apply());
            InjectionCheck.Verify(model, placements);
        }
        catch (Exception e)
        {
            foreach (var placement in placements)
            {
                placement.Undo();
                placement.Adapter.Dispose();
            }

            throw e is InjectionException ? e : new InjectionException($"Adapters could not be injected; the model is unchanged. {e.Message}", e);
        }

        return new InjectedLayers(model, placements);
    }

    private static void CheckSites(nn.Module model, IReadOnlyList<InjectionSite> sites)
    {
        if (sites.Count == 0)
            throw new ArgumentException("There are no sites to inject into.", nameof(sites));

        if (sites.FirstOrDefault(site => !ReferenceEquals(site.Model, model)) is { } foreign)
            throw new ArgumentException($"The site {foreign} was found in another model.", nameof(sites));

        if (sites.GroupBy(site => site.Layer, (IEqualityComparer<nn.Module>)ReferenceEqualityComparer.Instance).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"The site {twice.First()} occurs more than once.", nameof(sites));

        if (sites.FirstOrDefault(site => site.References.Any(reference => !ReferenceEquals(reference.Read(), site.Layer))) is { } stale)
            throw new InvalidOperationException($"The layer {stale} is no longer where it was found; search the model again.");
    }
}

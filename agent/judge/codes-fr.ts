import { type FindingCode, findingCodes } from './codes.js';

/** What a code is called in French, and what is to be done, for people who run a ward as for those who run a network. */
interface FrenchText {
  readonly title: string;
  readonly remedy: string;
}

const UNDO = 'Annuler la modification qui l’a ouvert, indiquée avec l’alerte.';

const french: Readonly<Record<FindingCode, FrenchText>> = {
  LEFT_OPEN: { title: 'Accès resté ouvert après une intervention', remedy: UNDO },
  LISTENER_LEFT: {
    title: 'Service laissé en marche après une intervention',
    remedy: 'Arrêter et désactiver le service, ou le faire déclarer dans le référentiel.',
  },
  REMOTE_TOOL_LEFT: {
    title: 'Outil de prise en main à distance laissé après une intervention',
    remedy: 'Retirer l’outil ou fermer son port ; l’accès à distance passe par la passerelle déclarée.',
  },
  EGRESS_UNAPPROVED_HOST: {
    title: 'Des données peuvent partir vers un hébergeur non agréé',
    remedy: 'Retirer la règle, ou agréer l’hébergeur avec son certificat et sa date de fin.',
  },
  FILTERING_OFF: {
    title: 'Filtrage désactivé, comme annoncé pour l’intervention',
    remedy: 'Remettre le filtrage en marche dès que le travail le permet.',
  },
  UNPLANNED_OPENING: { title: 'Accès ouvert sans intervention prévue', remedy: UNDO },
  UNPLANNED_LISTENER: {
    title: 'Service démarré sans intervention prévue',
    remedy: 'Arrêter le service, ou le faire déclarer dans le référentiel.',
  },
  OUT_OF_SCOPE_OPENING: {
    title: 'Accès ouvert au-delà de ce qui était annoncé pour l’intervention',
    remedy: 'Le ramener à ce qui était annoncé ou le retirer, maintenant : la fin de l’intervention est trop tard.',
  },
  OUT_OF_SCOPE_LISTENER: {
    title: 'Service démarré au-delà de ce qui était annoncé pour l’intervention',
    remedy: 'Arrêter le service, maintenant : la fin de l’intervention est trop tard.',
  },
  ACCESS_OUT_OF_WINDOW: {
    title: 'Accès de télémaintenance ouvert hors intervention',
    remedy: 'Le fermer comme indiqué avec l’alerte ; on le rouvrira au début de son intervention.',
  },
  IN_WINDOW_CHANGE: {
    title: 'Ouverture annoncée pour l’intervention',
    remedy: 'Rien pour l’instant ; refermer avant la fin de l’intervention.',
  },
  BASELINE_EXPOSURE: {
    title: 'Le référentiel expose un port dangereux à Internet',
    remedy: 'Restreindre la source, placer le service derrière le VPN, ou faire accepter le risque jusqu’à une date.',
  },
  WINDOW_NOT_CLOSED: {
    title: 'Intervention non clôturée à l’échéance',
    remedy:
      'Refermer ce qui est resté ouvert, puis clôturer l’intervention ; le prestataire signe ce qui est constaté.',
  },
  CLOSED_UNSIGNED: {
    title: 'Tout est refermé, mais la clôture n’est pas signée',
    remedy: 'Faire signer la clôture par le prestataire.',
  },
  CLOSURE_REFUSED: {
    title: 'Clôture refusée',
    remedy: 'Refermer ce que la réponse énumère, puis clôturer de nouveau.',
  },
  SESSIONS_LEFT: {
    title: 'Des connexions ont survécu à la règle qui les avait admises',
    remedy: 'Exécuter sur l’équipement la commande indiquée avec chaque connexion, puis clôturer de nouveau.',
  },
  GUARD_BLIND: {
    title: 'Un équipement ne peut plus être relevé complètement',
    remedy: 'Corriger la cause indiquée avec l’alerte : accès, droits, ou texte qui n’a pas été compris.',
  },
  DEVICE_REMOVED: {
    title: 'Un équipement a été retiré de la configuration',
    remedy: 'Le remettre jusqu’à la clôture de son intervention. Sans intervention, il n’y a rien à faire.',
  },
  HOST_KEY_CHANGED: {
    title: 'Un équipement présente une autre clé d’hôte',
    remedy: 'Chercher d’abord pourquoi la clé a changé ; si l’équipement a été réinstallé : `ecluse trust ÉQUIPEMENT`.',
  },
  BASELINE_TAMPER: {
    title: 'Le référentiel a été modifié hors de tout contrôle',
    remedy: 'Demander qui l’a modifié. Le rétablir, ou l’adopter nommément : `ecluse reload --by NOM --second NOM`.',
  },
  MISSING_FLOW: {
    title: 'Un flux déclaré est coupé',
    remedy: 'Demander à qui a modifié les règles ; rétablir le flux, ou le retirer du référentiel.',
  },
  LATENT_OPENING: {
    title: 'Fermé, mais se rouvrira seul',
    remedy: 'Enregistrer la configuration refermée, ou supprimer la règle au lieu de la désactiver.',
  },
  PENDING_ACCEPTANCE: {
    title: 'Flux conservé, en attente d’acceptation',
    remedy:
      '`ecluse accept` par son responsable et une autre personne de l’hôpital, ou `ecluse refuse`, puis le fermer.',
  },
  ONBOARDING_REPORT: {
    title: 'Ce qui est ouvert sur un équipement nouvellement suivi',
    remedy: 'Déclarer, approuver ou fermer ce qui est énuméré avant la date de fin.',
  },
  ADMIN_ADDED: { title: 'Administrateur ajouté', remedy: 'Supprimer le compte, ou le faire déclarer.' },
  ACCESS_WIDENED: { title: 'Accès d’administration élargi', remedy: 'Rétablir le réglage déclaré.' },
  VPN_LEFT: { title: 'Accès VPN différent du référentiel', remedy: 'Le retirer, ou le faire déclarer.' },
  ROUTE_CHANGED: { title: 'Routage modifié', remedy: 'Rétablir la route déclarée.' },
  LOGGING_OFF: { title: 'Journalisation réduite ou arrêtée', remedy: 'Rétablir la journalisation.' },
  INSPECTION_WEAKENED: { title: 'Inspection affaiblie', remedy: 'Rétablir le profil déclaré.' },
  MANAGER_CHANGED: {
    title: 'Gestionnaire modifié',
    remedy: 'Vérifier qui administre l’équipement et rétablir le gestionnaire déclaré.',
  },
  CREDENTIAL_CHANGED: {
    title: 'Clé ou identifiant modifié',
    remedy: 'Vérifier auprès de son titulaire ; révoquer si personne n’en sait rien.',
  },
  PLATFORM_CHANGED: {
    title: 'La nouvelle version de l’équipement comprend autrement sa configuration',
    remedy: 'Écrire ce que l’ancienne version sous-entendait, ou approuver un relevé de la nouvelle.',
  },
  RESOLVED: { title: 'Refermé', remedy: 'Rien.' },
  SINK_FAILING: {
    title: 'Un destinataire des alertes ne les reçoit plus',
    remedy: 'Corriger ce que dit la dernière erreur ; `ecluse sinks test` montre si cela a suffi.',
  },
  OUTBOX_FILLING: {
    title: 'La file d’attente d’un destinataire est presque pleine',
    remedy: 'Rétablir le destinataire. Tout ce qui a été signalé reste dans `ecluse alarms`.',
  },
  HEARTBEAT: {
    title: 'Écluse est en service',
    remedy: 'Rien ; s’il manque, s’occuper de la machine sur laquelle Écluse fonctionne.',
  },
  STANDING_REPORT: {
    title: 'État des lieux',
    remedy: 'Le lire ; il est en entier dans le dossier que nomme la planification, si elle en nomme un.',
  },
  SINK_TEST: { title: 'Essai de ce destinataire', remedy: 'Rien.' },
};

/** Title and remedy of a code, for people; undefined: it is none of ours. */
export function codeText(code: string, language: 'fr' | 'en'): FrenchText | undefined {
  if (!Object.hasOwn(findingCodes, code)) return undefined;
  const known = code as FindingCode;
  return language === 'fr' ? french[known] : findingCodes[known];
}
